"""Pictures as bytes: pure work with Pillow; the only files read are the fonts shipped beside the code."""

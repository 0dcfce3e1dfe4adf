"""The rules of display pictures: frozen values in, a decision or a refusal out."""

"""What shipped where: releases, deployments, and what apps are told about updating."""

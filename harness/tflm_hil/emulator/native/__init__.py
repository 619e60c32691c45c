"""What happens too often for Python: the C helper beside Unicorn, and its Python face."""

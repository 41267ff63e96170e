"""marimo notebooks over the warehouse; `marimo edit notebooks/NAME.py` opens one."""

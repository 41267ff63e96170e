"""marimo notebooks over the warehouse; `make notebooks` shows them."""

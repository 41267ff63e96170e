"""Speed, as ratios in one run: `make bench`. Load goes to 127.0.0.1 only and is bounded in time."""

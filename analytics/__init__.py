"""Learns what is normal from the warehouse, finds what is not, and sets adaptive limits.

Layers, top first; a file imports only from lines below its own:

    main
    once | loop
    control | engine
    adaptive | tracker | registry
    bursts | errors | latency | collapse
    detector
    seas | population | series
    windows
    settings | telling
"""

"""Learns what is normal from the warehouse, finds what is not, and sets adaptive limits.

Layers, top first; a file imports only from lines below its own (pyproject.toml holds the same list for
the check, which tests/architecture runs):

    main
    alerts_around
    loop | once
    publisher
    alerts | alerts_trial
    alerts_record
    alerts_file | alerts_journal | posting
    alert_links | delivering
    sinks
    own_health
    alerting | objectives
    replay_child | replay_jobs
    accounting | replaying
    replay_caveats | situations
    comparison
    replay_facts | replay_tallies
    courses | curves | replay_rules
    realising
    harm
    adaptive | proposer | enquiring
    engine | ingest | lateness
    weekly | proposals | withdrawing
    choosing | denials
    drafts
    registry | demand | tracker
    bursts | collapse | floods | latency | scans | stuffing
    errors
    incidents | population
    detector | seas | cusum
    series
    windows | archive | control | settings | telling | conditions | labels
"""

-- The client address that sent most in each stretch of ten seconds, beside what all addresses did: whether one
-- address carries most consumers or user agents, because a trusted proxy is missing from the policy.
SELECT
    stretch,
    argMax(address, (sent, address)) AS busiest,
    max(sent) AS requests,
    argMax(consumers, (sent, address)) AS consumers_behind,
    argMax(agents, (sent, address)) AS agents_behind,
    sum(sent) AS all_requests,
    uniqExactIfMerge(consumers_state) AS all_consumers,
    uniqExactMerge(agents_state) AS all_agents
FROM
(
    SELECT
        intDiv(toUnixTimestamp(ended_at), 10) AS stretch,
        toString(client_ip) AS address,
        count() AS sent,
        uniqExactIf(consumer, consumer != '') AS consumers,
        uniqExact(user_agent_hash) AS agents,
        uniqExactIfState(consumer, consumer != '') AS consumers_state,
        uniqExactState(user_agent_hash) AS agents_state
    FROM {table:Identifier}
    WHERE tenant = {tenant:String}
      AND interim = 0
      AND ended_at >= fromUnixTimestamp64Micro({since:Int64}, 'UTC')
      AND ended_at < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
    GROUP BY stretch, address
)
GROUP BY stretch
HAVING all_requests >= {least:UInt32}
ORDER BY stretch

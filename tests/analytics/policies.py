"""A policy with adaptive limits, as the tests of what is set need it."""

from kernel.policy import Adaptive, Consumer, Limit, Plan, Policy, Route, Upstream

PER_CLIENT = Limit(name="per-client", rate=100.0, burst=200, adaptive=Adaptive(floor=2.0, ceiling=400.0))

TEXT = """
upstreams: [{name: shop, url: "http://127.0.0.1:9"}]
routes:
  - {name: orders, path: /orders, upstream: shop}
  - {name: products, path: /products, upstream: shop}
limits:
  - {name: per-client, rate: 100/s, burst: 200, adaptive: {floor: 2/s, ceiling: 400/s}}
"""


def policy(*limits: Limit, allow_list: tuple[str, ...] = (), tenant: str = "default") -> Policy:
    """Two routes, one consumer with a plan, and these limits (or PER_CLIENT)."""
    return Policy(
        tenant=tenant,
        upstreams=(Upstream(name="shop", url="http://127.0.0.1:9"),),
        routes=(
            Route(name="orders", path="/orders", upstream="shop"),
            Route(name="products", path="/products", upstream="shop"),
        ),
        plans=(Plan(name="gold"),),
        consumers=(Consumer(name="partner", plan="gold"),),
        limits=limits or (PER_CLIENT,),
        allow_list=allow_list,
    )

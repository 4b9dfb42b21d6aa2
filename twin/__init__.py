"""River physics: runoff, routing, pools, reservoirs, ratings, assimilation, state, water balance."""

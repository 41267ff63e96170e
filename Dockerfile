# Three images, one extra each: docker build --target proxy|analytics|console .
ARG PYTHON=python:3.11.13-slim-bookworm

# htmx and uPlot for the console's pages, by the lock file.
FROM node:22.17.0-bookworm-slim AS pages
WORKDIR /pages
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --loglevel=error

FROM ${PYTHON} AS wheel
WORKDIR /source
COPY . .
COPY --from=pages /pages/node_modules/htmx.org/dist/htmx.min.js console/web/static/vendor/
COPY --from=pages /pages/node_modules/htmx.org/dist/ext/hx-sse.min.js console/web/static/vendor/
COPY --from=pages /pages/node_modules/uplot/dist/uPlot.iife.min.js console/web/static/vendor/
COPY --from=pages /pages/node_modules/uplot/dist/uPlot.min.css console/web/static/vendor/
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM wheel AS proxy-installed
RUN python -m venv /opt/tidegate \
    && /opt/tidegate/bin/pip install --no-cache-dir --constraint constraints.txt "$(ls /wheel/*.whl)[proxy]"

FROM wheel AS analytics-installed
RUN python -m venv /opt/tidegate \
    && /opt/tidegate/bin/pip install --no-cache-dir --constraint constraints.txt "$(ls /wheel/*.whl)[analytics]"

FROM wheel AS console-installed
RUN python -m venv /opt/tidegate \
    && /opt/tidegate/bin/pip install --no-cache-dir --constraint constraints.txt "$(ls /wheel/*.whl)[console]"

# What runs: no compiler, no pip cache, nobody's root. A named volume at the data directory gets its owner.
FROM ${PYTHON} AS runtime
RUN groupadd --system --gid 10001 tidegate \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin tidegate \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/tidegate
ENV PATH=/opt/tidegate/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 TIDEGATE_DATA=/var/lib/tidegate
WORKDIR /var/lib/tidegate
USER 10001
ENTRYPOINT ["tidegate"]

FROM runtime AS proxy
COPY --from=proxy-installed /opt/tidegate /opt/tidegate
CMD ["proxy", "--help"]

FROM runtime AS analytics
COPY --from=analytics-installed /opt/tidegate /opt/tidegate
CMD ["analytics", "--help"]

FROM runtime AS console
COPY --from=console-installed /opt/tidegate /opt/tidegate
CMD ["console", "--help"]

# syntax=docker/dockerfile:1
FROM node:24-slim AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web/ ./
RUN npm run build

FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/var/cache/hydronum
WORKDIR /opt/hydronum
RUN useradd --system --uid 10001 --home-dir /opt/hydronum hydronum \
    && install -d -o hydronum /var/cache/hydronum
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
COPY --from=web /web/dist web/dist
# Editable: packages and basins stay side by side in this folder.
RUN pip install --no-cache-dir --no-deps --editable .
USER hydronum
ENTRYPOINT ["hydronum"]
CMD ["--help"]

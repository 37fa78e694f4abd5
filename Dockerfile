# syntax=docker/dockerfile:1
# The server in a small image: `docker build -t yingda .`, then `docker run -p 50051:50051 -v yingda:/data yingda`.
# Building fetches crates; running fetches nothing, `docker run --network none` works but for callers from outside.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked && install -D target/release/yingda /out/yingda

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home yingda
COPY --from=build /out/yingda /usr/local/bin/yingda
COPY models /usr/local/share/yingda/models
COPY LICENSE /usr/local/share/yingda/LICENSE
ENV YINGDA_LISTEN=0.0.0.0:50051 \
    YINGDA_DATA_DIR=/data \
    YINGDA_MODELS_DIR=/usr/local/share/yingda/models
USER yingda
WORKDIR /data
VOLUME /data
EXPOSE 50051
# Health is grpc.health.v1 on the same port; orchestrators ask it directly.
STOPSIGNAL SIGTERM
ENTRYPOINT ["yingda"]
CMD ["serve"]

# The service in an image: `docker build -t percpu-metrics .`, then
# `docker run --rm -p 9464:9464 --read-only --cap-drop ALL percpu-metrics`. Processes in other containers share the
# store through a volume on tmpfs and `--store PATH`; the reader of a sidecar adds `--read-only`.
#
# `docker buildx build --platform linux/arm64 .` needs no emulator: the first stage runs on the platform of the builder,
# with a compiler for the other one, and the last stage runs nothing. Debian 12's buildah has to be told that platform:
# `buildah bud --platform linux/arm64 --build-arg BUILDPLATFORM=linux/amd64 .`.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
ARG TARGETARCH
RUN case "$(dpkg --print-architecture):${TARGETARCH}" in \
        amd64:arm64) compiler=g++-aarch64-linux-gnu prefix=aarch64-linux-gnu- arch=arm64 ;; \
        arm64:amd64) compiler=g++-x86-64-linux-gnu prefix=x86_64-linux-gnu- arch=x64 ;; \
        *) compiler=g++ prefix= arch= ;; \
    esac \
    && echo "export CC=${prefix}gcc CXX=${prefix}g++ AR=${prefix}ar npm_config_arch=${arch}" > /compiler.env \
    && apt-get update \
    && apt-get install -y --no-install-recommends "${compiler}" make python3 \
    && rm -rf /var/lib/apt/lists/*
# The headers that the image has, so that none are downloaded.
ENV npm_config_nodedir=/usr/local
WORKDIR /build
COPY . .
# What only the compiler needs stays behind: development dependencies, the headers of the addon, documentation. The bits
# and times of files do not depend on who has checked them out and when.
RUN . /compiler.env \
    && node scripts/setup.mjs \
    && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    && rm -rf node_modules/node-addon-api node_modules/.package-lock.json \
    && find node_modules \( -name '*.md' -o -name '*.map' -o -name '*.ts' -o -name test -o -name .github \) -prune -exec rm -rf {} + \
    && find node_modules -depth -type d -empty -delete \
    && mkdir -p /runtime/build/Release \
    && mv package.json LICENSE node_modules dist /runtime/ \
    && mv build/Release/percpu_metrics.node /runtime/build/Release/ \
    && chmod -R u=rwX,go=rX /runtime \
    && find /runtime -exec touch --no-dereference --date=@0 {} +

# Said aloud, for Debian 12's buildah would take the platform of the stage before.
FROM --platform=$TARGETPLATFORM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="percpu-metrics" \
      org.opencontainers.image.description="Per-CPU metrics store in shared memory with an HTTP service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production HOST=0.0.0.0 PORT=9464
WORKDIR /app
COPY --from=build /runtime/ ./
# Any number does: nothing is written outside of /dev/shm. A number, so that an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
# It asks the port of the environment: for another one set PORT, which the service obeys as well, instead of --port.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["serve"]

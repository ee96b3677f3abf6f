# The gateway and the console as one image, without a compiler in what is shipped.
#   docker build --tag trueline .
#   docker run --publish 8080:8080 --volume trueline:/data trueline
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml README.md LICENSE MANIFEST.in ./
COPY src ./src
RUN python -m venv /opt/trueline \
    && /opt/trueline/bin/pip install --no-cache-dir ".[postgres]"

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 trueline && install --directory --owner=trueline /data
COPY --from=build /opt/trueline /opt/trueline
ENV PATH=/opt/trueline/bin:$PATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1 \
    TRUELINE_DB=sqlite:////data/trueline.db TRUELINE_HOST=0.0.0.0
USER trueline
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD \
    ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
# Others can reach the port, so it starts only when a key was made:
#   docker run --volume trueline:/data trueline trueline keys create --name me --role admin
CMD ["trueline", "up"]

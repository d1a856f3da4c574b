# The product without tools: built in one stage, run in another, as a user that owns nothing but its data.
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY app app
COPY indexing indexing
COPY prompts prompts
COPY eval eval
# Chroma's Kubernetes client, 100 MB, is never imported.
RUN python -m venv /opt/onrecord \
    && /opt/onrecord/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt '.[otel]' \
    && rm -rf /opt/onrecord/lib/python3.11/site-packages/kubernetes

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /data --shell /usr/sbin/nologin onrecord
COPY --from=build /opt/onrecord /opt/onrecord
ENV PATH=/opt/onrecord/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    GRADIO_ANALYTICS_ENABLED=False \
    GRADIO_TEMP_DIR=/tmp/gradio \
    ONRECORD_HOME=/data/home \
    ONRECORD_HOST=0.0.0.0 \
    ONRECORD_LOG_FORMAT=json \
    ONRECORD_LOG_LEVEL=info
USER onrecord
WORKDIR /data
# The home is a folder inside the volume, so that a restored one can take its place in one moment.
VOLUME /data
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["onrecord"]
CMD ["serve"]

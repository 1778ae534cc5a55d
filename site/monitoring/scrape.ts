/** What Prometheus calls the exporter's targets: `up{job="lifeboat"}`. */
export const exporterJob = "lifeboat";

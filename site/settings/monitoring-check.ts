/** Where the guest of monitoring has its check: an installation, a restore, a drill and `lifeboat status` all run this one. */
export const monitoringCheck = "/usr/local/lib/lifeboat/monitoring-check";

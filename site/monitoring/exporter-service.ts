/**
 * Lines of `[Service]` that keep the exporter from everything that it does not need, in every unit that starts it: it reads its
 * project and its credentials, asks nodes, and answers on one port.
 *
 * @param home whether the program may lie in somebody's home
 */
export function exporterService(home: "hidden" | "readable"): readonly string[] {
  return [
    "Restart=always",
    "RestartSec=5",
    "UMask=0077",
    "CapabilityBoundingSet=",
    "NoNewPrivileges=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    "SystemCallErrorNumber=EPERM",
    "ProtectSystem=strict",
    home === "hidden" ? "ProtectHome=yes" : "ProtectHome=read-only",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectProc=invisible",
  ];
}

/**
 * The server's files in its container: texts only, no Pulumi. Guests have no Node, so that what runs there is POSIX shell.
 */

/** Name of the service, and of its folder. */
export const serverUnit = "lifeboat-state-store";

/** The service's own user. */
export const serverUser = "lifeboat-store";

/** Where everything is that an installation brings. `current` leads to the release that runs. */
export const serverFolder = `/opt/${serverUnit}`;

const current = `${serverFolder}/current`;

/** What a release of the server consists of, besides the program. */
export interface ServerSettings {
  /** Mount point of the disk with the data. */
  readonly mount: string;
  readonly ports: { readonly api: number; readonly console?: number | undefined };
}

/** Folder of the data. A file system's own `lost+found` is beside it. */
export function dataFolder({ mount }: Pick<ServerSettings, "mount">): string {
  return `${mount}/data`;
}

/** What the server reads when it starts. The files it names hold the secrets, so that they are in no process's environment. */
export function environmentFile({ ports }: ServerSettings): string {
  return [
    `MINIO_ROOT_USER_FILE=${current}/root-user`,
    `MINIO_ROOT_PASSWORD_FILE=${current}/root-password`,
    `MINIO_BROWSER=${ports.console === undefined ? "off" : "on"}`,
    // The program is what the settings say. Nothing is loaded from elsewhere, and nothing is told to anybody.
    "MINIO_UPDATE=off",
    "",
  ].join("\n");
}

/** The service. What needs a mount namespace of its own is in {@link sandboxLines}: not every container allows that. */
export function unitFile(settings: ServerSettings): string {
  const { mount, ports } = settings;
  const console = ports.console === undefined ? "" : ` --console-address :${String(ports.console)}`;
  const capabilities = Math.min(ports.api, ports.console ?? ports.api) < 1024 ? "CAP_NET_BIND_SERVICE" : "";
  return `# Written by Lifeboat: changes to this file are overwritten.
[Unit]
Description=State store of Lifeboat (S3)
Wants=network-online.target
After=network-online.target
# Without its disk the server would begin an empty store on the root disk.
RequiresMountsFor=${mount}
AssertPathIsMountPoint=${mount}
StartLimitIntervalSec=0

[Service]
Type=exec
User=${serverUser}
Group=${serverUser}
EnvironmentFile=${current}/environment
ExecStart=${current}/server server --quiet --certs-dir ${current}/certs --address :${String(ports.api)}${console} ${dataFolder(settings)}
Restart=always
RestartSec=2
TimeoutStopSec=60
LimitNOFILE=1048576
TasksMax=infinity
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=${capabilities}
AmbientCapabilities=${capabilities}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** The rest of the service's restrictions, which some containers do not allow. */
export function sandboxLines(settings: ServerSettings): string {
  return `[Service]
ProtectSystem=strict
ReadWritePaths=${dataFolder(settings)}
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
`;
}

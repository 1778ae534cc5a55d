import { actionlint } from "./actionlint";
import { aws } from "./aws";
import { command } from "./command";
import { dockerCompose } from "./docker-compose";
import { grafana } from "./grafana";
import { languageHost } from "./language-host";
import { minio } from "./minio";
import { minioServer, minioServerHotfix } from "./minio-server";
import type { Part } from "./part";
import { proxmoxve } from "./proxmoxve";
import { pulumi } from "./pulumi";

/** Every part of the toolchain, in the order in which they are obtained and reported. */
export const parts: readonly Part[] = [pulumi, languageHost, proxmoxve, minio, command];

/** What no `pulumi up` on this machine needs: obtained only when it is named. */
export const artifacts: readonly Part[] = [minioServer, minioServerHotfix, aws, actionlint, grafana, dockerCompose];

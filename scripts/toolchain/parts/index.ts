import { command } from "./command";
import { languageHost } from "./language-host";
import type { Part } from "./part";
import { proxmoxve } from "./proxmoxve";
import { pulumi } from "./pulumi";

/** Every part of the toolchain, in the order in which they are obtained and reported. */
export const parts: readonly Part[] = [pulumi, languageHost, proxmoxve, command];

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Call, Endpoint } from "../calls/endpoint";
import { loadGuest } from "../guests/configuration";
import { death } from "../protocol/failure";
import type { ParameterTable } from "../protocol/parameters";
import { FLAG, NODE, VMID } from "./tables";

/** Proxmox's own range. */
const PORTS = { first: 5900, last: 5999 };

/** Milliseconds that it waits for who asked for it. */
const PATIENCE = 10_000;

/** A console that the web interface opens: a port of the node's own loopback, which pveproxy hands on. */
async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  for (let port = PORTS.first; port <= PORTS.last; port += 1) {
    const server = createServer();
    const listening = once(server, "listening").then(
      () => true,
      () => false,
    );
    server.listen(port, "127.0.0.1");
    if (await listening) return { server, port };
  }
  throw death("unable to find free vnc port");
}

/** There is no picture here. Like Proxmox's, its task lasts as long as somebody is connected. */
async function show(server: Server, signal: AbortSignal): Promise<void> {
  let socket: Socket | undefined;
  try {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
    [socket] = (await once(server, "connection", { signal: patience }).catch(() => {
      throw death("connection timed out");
    })) as [Socket];
    server.close();
    socket.resume();
    await once(socket, "close", { signal });
  } finally {
    socket?.destroy();
    server.close();
  }
}

function console(type: "lxc" | "qemu", more: ParameterTable): Endpoint {
  return {
    method: "POST",
    path: `/nodes/{node}/${type}/{vmid}/vncproxy`,
    parameters: { node: NODE, vmid: VMID, websocket: FLAG, ...more },
    permissions: { check: { path: "/vms/{vmid}", privileges: ["VM.Console"] } },
    handler: (call) => open(call, type),
  };
}

async function open({ node, parameters, caller }: Call, type: "lxc" | "qemu") {
  const vmid = parameters.requiredInteger("vmid");
  loadGuest(node, type, vmid);
  const { server, port } = await listen();
  const upid = node.tasks.start("vncproxy", String(vmid), caller.name, ({ signal }) => show(server, signal));
  const ticket = `PVEVNC:${randomBytes(4).toString("hex").toUpperCase()}::${randomBytes(32).toString("base64")}`;
  if (parameters.flag("websocket") !== true) return { user: caller.name, ticket, port, upid };
  const password = randomBytes(6).toString("base64url");
  return { user: caller.name, ticket: `${password}:${ticket}`, password, port, upid };
}

const size = (maximum: number) => ({ type: "integer", optional: true, minimum: 16, maximum }) as const;

export const consoleEndpoints: readonly Endpoint[] = [
  console("lxc", { width: size(4096), height: size(2160) }),
  console("qemu", { "generate-password": FLAG }),
];

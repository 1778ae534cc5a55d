import { connect } from "node:net";

/** Milliseconds: for a connection, and for the first word of an SSH server then. */
const patience = 5_000;

/** Whether a host takes a connection and says nothing: neither off, which ends by itself, nor an SSH server. */
export function isMute(host: string, port = 22): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let isConnected = false;
    const end = (mute: boolean): void => {
      socket.destroy();
      resolve(mute);
    };
    socket.setTimeout(patience, () => end(isConnected));
    socket.once("connect", () => (isConnected = true));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
    socket.once("data", () => end(false));
  });
}

import { EnvHttpProxyAgent } from "undici";

/**
 * Connections for `fetch` that verify who answers, through the proxy of the environment where there is one.
 * `NODE_TLS_REJECT_UNAUTHORIZED=0` decides only where nothing else is said.
 */
export function verifiedDispatcher(): EnvHttpProxyAgent {
  const verified = { rejectUnauthorized: true };
  return new EnvHttpProxyAgent({ connect: verified, requestTls: verified, proxyTls: verified });
}

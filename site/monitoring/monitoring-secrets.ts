import { completeMonitoringSecrets } from "../settings/complete-monitoring";
import type { MonitoringSecrets } from "../settings/environment";
import { monitoringSecretsSchema } from "../settings/monitoring-secrets-schema";

/** The decrypted text of `lifeboat:monitoringSecrets`; undefined when it is none. What is wrong stays unsaid: it would be shown with the secrets around it. */
export function parseMonitoringSecrets(text: string): MonitoringSecrets | undefined {
  try {
    const parsed = monitoringSecretsSchema.safeParse(JSON.parse(text));
    return parsed.success ? completeMonitoringSecrets(parsed.data) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

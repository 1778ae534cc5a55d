/** Flags of what a fallback may ask for besides the plan's own question. */
export const staleFlag = "--accept-stale";

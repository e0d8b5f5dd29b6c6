/** What the Events API checks of a body, and the sentences it refuses one with. */
export interface EventBody {
  routing_key?: string;
  event_action?: string;
  dedup_key?: string;
  links?: { href?: string; text?: string }[];
  payload?: {
    summary?: string;
    source?: string;
    severity?: string;
    timestamp?: string;
    custom_details?: unknown;
  };
}

const ACTIONS = ['trigger', 'acknowledge', 'resolve'];
const SEVERITIES = ['critical', 'error', 'warning', 'info'];
const KEY_LENGTH = 32;

export function eventMistakes(body: EventBody): string[] {
  const mistakes = routingMistakes(body);
  if (!ACTIONS.includes(body.event_action ?? '')) {
    mistakes.push(
      "'event_action' is missing or invalid (must be one of 'trigger', 'acknowledge', 'resolve')",
    );
  }
  if (body.dedup_key !== undefined && body.dedup_key.length > 255) {
    mistakes.push("'dedup_key' is too long (maximum is 255 characters)");
  }
  if (body.event_action !== 'trigger') {
    return isBlank(body.dedup_key) ? [...mistakes, "'dedup_key' is missing or blank"] : mistakes;
  }
  mistakes.push(...summaryMistakes(body));
  if (isBlank(body.payload?.source)) mistakes.push("'payload.source' is missing or blank");
  if (!SEVERITIES.includes(body.payload?.severity ?? '')) {
    mistakes.push("'payload.severity' is missing or invalid");
  }
  return mistakes;
}

export function changeMistakes(body: EventBody): string[] {
  return [...routingMistakes(body), ...summaryMistakes(body)];
}

/** The decision that an event was sent for, where it says so. */
export function decisionIn(body: EventBody): string | null {
  const details = body.payload?.custom_details;
  if (typeof details !== 'object' || details === null) return null;
  const { decisionId } = details as { decisionId?: unknown };
  return typeof decisionId === 'string' ? decisionId : null;
}

function routingMistakes({ routing_key: key }: EventBody): string[] {
  if (isBlank(key)) return ["'routing_key' is missing or blank"];
  return key?.length === KEY_LENGTH
    ? []
    : [`Length of 'routing_key' is incorrect (should be ${KEY_LENGTH} characters)`];
}

function summaryMistakes({ payload }: EventBody): string[] {
  if (isBlank(payload?.summary)) return ["'payload.summary' is missing or blank"];
  return (payload?.summary ?? '').length > 1024
    ? ["'payload.summary' is too long (maximum is 1024 characters)"]
    : [];
}

const isBlank = (text: string | undefined): boolean => typeof text !== 'string' || text.trim() === '';

/**
 * Google's managed instance groups behind the node-group ports. Growing is `resize`, which is absolute and so may be
 * repeated. Shrinking by `resize` lets the cloud choose the victims: `deleteInstances` names them instead.
 * An operation that is DONE means "scheduled": whether VMs come shows in `list`, with the cloud's own words when not.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios from 'axios';
import { z } from 'zod';
import { OutsideError } from '../../errors.js';
import type { GroupSeen, NodeGroupsActor, NodeGroupsReader, NodeGroupTarget } from '../../ports.js';
import { human, operationFailed, refusal } from './errors.js';
import { createTokenSource } from './token.js';

export interface GceOptions {
  /** https://compute.googleapis.com/compute/v1, or a stand-in's. */
  apiUrl: string;
  /** Given for a stand-in; null: the key file's, else the metadata server's. */
  token: string | null;
  credentialsFile?: string | null;
  /** How long one request may take, machine time. */
  timeoutMs: number;
}

type Place = Extract<NodeGroupTarget, { kind: 'gce-mig' }>['groups'][number];

const MOST_PAGES = 50;

const managerShape = z.object({ targetSize: z.number() });

const instancesShape = z.object({
  managedInstances: z
    .array(
      z.object({
        instance: z.string(),
        instanceStatus: z.string().nullish(),
        currentAction: z.string(),
        lastAttempt: z
          .object({
            errors: z
              .object({
                errors: z.array(z.object({ code: z.string(), message: z.string().nullish() })).nullish(),
              })
              .nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
  nextPageToken: z.string().nullish(),
});
type Instance = NonNullable<z.infer<typeof instancesShape>['managedInstances']>[number];

const operationShape = z.object({
  status: z.string(),
  error: z
    .object({ errors: z.array(z.object({ code: z.string(), message: z.string().nullish() })).nullish() })
    .nullish(),
});

export function createGceNodeGroups(options: GceOptions): NodeGroupsReader & NodeGroupsActor {
  const http = axios.create({
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 8 }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 8 }),
    responseType: 'text',
    transformResponse: [(data: unknown) => (typeof data === 'string' ? data : '')],
    validateStatus: () => true,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: 32 * 1024 * 1024,
  });
  const tokens = createTokenSource(http, options.token, options.credentialsFile ?? null, options.timeoutMs);

  const call = async <T>(
    method: 'GET' | 'POST',
    place: Place,
    act: string,
    shape: z.ZodType<T>,
    more: { query?: Record<string, string>; body?: unknown; decisionId?: string } = {},
  ): Promise<T> => {
    const tried = `${act === '' ? 'get' : act} ${place.group} in ${place.gceZone}`;
    const answer = await http
      .request<string>({
        method,
        url: urlOf(options.apiUrl, place, act),
        params: more.query ?? {},
        ...(more.body === undefined ? {} : { data: JSON.stringify(more.body) }),
        headers: {
          authorization: `Bearer ${await tokens.token()}`,
          'content-type': 'application/json',
          // Google writes it into its own audit log.
          ...(more.decisionId === undefined ? {} : { 'x-goog-request-reason': `muster ${more.decisionId}` }),
        },
        signal: AbortSignal.timeout(options.timeoutMs),
      })
      .catch((error: unknown) => {
        if (error instanceof OutsideError) throw error;
        throw silence(tried, axios.isAxiosError(error) ? error.code : undefined, options.timeoutMs);
      });
    if (answer.status === 401) tokens.forget();
    if (answer.status < 200 || answer.status >= 300) {
      const after: unknown = answer.headers['retry-after'];
      throw refusal(tried, answer.status, answer.data, typeof after === 'string' ? after : null);
    }
    return read(tried, answer.data, shape);
  };
  const change = async (place: Place, act: string, more: Parameters<typeof call>[4]): Promise<void> => {
    const operation = await call('POST', place, act, operationShape, more);
    const failed = operation.error?.errors?.[0];
    if (failed !== undefined)
      throw operationFailed(`${act} ${place.group}`, failed.code, failed.message ?? '');
  };
  const instancesOf = async (place: Place): Promise<Instance[]> => {
    const found: Instance[] = [];
    let page = '';
    for (let n = 0; n < MOST_PAGES; n += 1) {
      const query = { maxResults: '500', ...(page === '' ? {} : { pageToken: page }) };
      const answer = await call('POST', place, 'listManagedInstances', instancesShape, { query });
      found.push(...(answer.managedInstances ?? []));
      page = answer.nextPageToken ?? '';
      if (page === '') return found;
    }
    throw human(`list ${place.group}`, `more than ${MOST_PAGES} pages of instances`);
  };

  return {
    list: async (target) =>
      Promise.all(
        placesOf(target).map(async (place): Promise<GroupSeen> => {
          const [manager, instances] = await Promise.all([
            call('GET', place, '', managerShape),
            instancesOf(place),
          ]);
          return {
            zone: place.zone,
            size: manager.targetSize,
            instances: instances.map((one) => ({ name: nameOf(one), status: statusOf(one) })),
            problem: problemOf(instances),
          };
        }),
      ),
    async grow(target, zone, size, why) {
      const place = placeIn(target, zone);
      const { targetSize } = await call('GET', place, '', managerShape);
      if (size < targetSize) throw human(`grow ${place.group} to ${size}`, `it has ${targetSize} already`);
      if (size === targetSize) return;
      await change(place, 'resize', { query: { size: String(size) }, decisionId: why.decisionId });
    },
    async remove(target, zone, names, why) {
      const place = placeIn(target, zone);
      if (names.length === 0) return;
      const instances = names.map((name) => `zones/${place.gceZone}/instances/${name}`);
      const body = { instances, skipInstancesOnValidationError: true };
      await change(place, 'deleteInstances', { body, decisionId: why.decisionId });
    },
  };
}

function urlOf(apiUrl: string, { project, gceZone, group }: Place, act: string): string {
  const parts = ['projects', project, 'zones', gceZone, 'instanceGroupManagers', group];
  if (act !== '') parts.push(act);
  return `${apiUrl.replace(/\/+$/, '')}/${parts.map(encodeURIComponent).join('/')}`;
}

function placesOf(target: NodeGroupTarget): Place[] {
  if (target.kind === 'gce-mig') return target.groups;
  throw human(`read node groups of kind ${target.kind}`, 'this adapter speaks to Google only');
}

function placeIn(target: NodeGroupTarget, zone: string): Place {
  const place = placesOf(target).find((one) => one.zone === zone);
  if (place === undefined) throw human(`node group of zone ${zone}`, 'the target has none');
  return place;
}

function nameOf(instance: Instance): string {
  return instance.instance.split('/').at(-1) ?? instance.instance;
}

function statusOf({ currentAction, instanceStatus }: Instance): GroupSeen['instances'][number]['status'] {
  if (currentAction === 'DELETING' || currentAction === 'ABANDONING') return 'leaving';
  if (currentAction !== 'NONE' && currentAction !== 'VERIFYING') return 'starting';
  if (instanceStatus === 'RUNNING') return 'running';
  return instanceStatus === 'PROVISIONING' || instanceStatus === 'STAGING' ? 'starting' : 'failed';
}

/** The errors of the last attempts, each once, in the cloud's words. */
function problemOf(instances: Instance[]): string | null {
  const words = instances.flatMap((one) =>
    (one.lastAttempt?.errors?.errors ?? []).map(({ code, message }) => `${code}: ${message ?? ''}`.trim()),
  );
  return words.length === 0 ? null : [...new Set(words)].join('; ').slice(0, 500);
}

function silence(tried: string, code: string | undefined, timeoutMs: number): OutsideError {
  const timedOut = code === 'ERR_CANCELED' || code === 'ECONNABORTED' || code === 'ETIMEDOUT';
  const detail = timedOut
    ? `no answer within ${timeoutMs / 1000} s`
    : `connection failed (${code ?? 'unknown'})`;
  return new OutsideError('gce', tried, detail, {
    class: 'retry',
    why: timedOut ? 'timeout' : 'unreachable',
  });
}

function read<T>(tried: string, text: string, shape: z.ZodType<T>): T {
  const odd = (detail: string) => new OutsideError('gce', tried, detail, { class: 'retry', why: 'error' });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw odd('the answer is not JSON');
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw odd(`the answer has another shape: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

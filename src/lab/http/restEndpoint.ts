import type { IncomingMessage } from 'node:http';

import type { MoRef } from '../../core/vsphere/schema/moRef.ts';
import type { LabContext } from '../labContext.ts';
import { textIn } from '../model/managedObject.ts';
import type { LabSession } from '../sessions.ts';
import type { LabTag, TagCategory } from '../tags/tagStore.ts';
import { HttpError, readBody, sendJson, type RequestHandler } from './httpAnswer.ts';

/** How the same resources are spelled at `/api`, since vSphere 7, and at `/rest`, before. */
export type RestDialect = 'api' | 'rest';

interface RestCall {
  readonly lab: LabContext;
  readonly session: LabSession;
  readonly dialect: RestDialect;
  /** Of the resource in the path; empty for its collection. */
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type RestAnswer = (call: RestCall) => unknown;

const errors = {
  400: ['INVALID_ARGUMENT', 'invalid_argument'],
  401: ['UNAUTHENTICATED', 'unauthenticated'],
  404: ['NOT_FOUND', 'not_found'],
} as const;

/** Method, collection, `:` for a resource of it, and the action, if one is asked for. */
const routes: Readonly<Record<string, RestAnswer>> = {
  'GET cis/tagging/category': ({ lab }) => lab.tags.categories().map(({ id }) => id),
  'GET cis/tagging/category:': call => describeCategory(categoryIn(call)),
  'POST cis/tagging/category': createCategory,
  'GET cis/tagging/tag': ({ lab }) => lab.tags.tags().map(({ id }) => id),
  'GET cis/tagging/tag:': call => describeTag(tagIn(call)),
  'POST cis/tagging/tag': createTag,
  'POST cis/tagging/tag: list-tags-for-category': ({ lab, id }) =>
    lab.tags.tags().flatMap(tag => (tag.categoryId === id ? [tag.id] : [])),
  'POST cis/tagging/tag-association: attach': call => call.lab.tags.attach(tagIn(call), objectIn(call)),
  'POST cis/tagging/tag-association: detach': call => call.lab.tags.detach(tagIn(call), objectIn(call)),
  'POST cis/tagging/tag-association: list-attached-objects': call =>
    visibleObjects(call, tagIn(call)).map(describeObject),
  'POST cis/tagging/tag-association list-attached-tags': call =>
    call.lab.tags.tagsOf(objectIn(call)).map(({ id }) => id),
  'POST cis/tagging/tag-association list-attached-tags-on-objects': call =>
    objectsIn(call).map(object => ({
      object_id: describeObject(object),
      tag_ids: call.lab.tags.tagsOf(object).map(({ id }) => id),
    })),
};

/** Answers at `/api` and `/rest`, for tags alone. */
export function restEndpoint(lab: LabContext): RequestHandler {
  return async (request, response, url) => {
    const dialect = url.pathname.startsWith('/api/') ? 'api' : 'rest';
    if (dialect === 'api' && lab.faults.restInterface === 'rest') throw new HttpError(404, 'Not found');
    const path = url.pathname.slice(dialect === 'api' ? '/api/'.length : '/rest/com/vmware/'.length);
    const action = url.searchParams.get(dialect === 'api' ? 'action' : '~action');
    const send = (status: number, value: unknown) => {
      sendJson(response, status, dialect === 'api' ? (value ?? null) : { value });
    };
    try {
      const session = isSessionPath(path, dialect) ? undefined : loggedIn(lab, request);
      if (session === undefined) send(...answerSession(lab, request, dialect, action));
      else send(200, await answer(lab, session, request, dialect, path, action));
    } catch (error) {
      if (!(error instanceof RestError)) throw error;
      const [code, name] = errors[error.status];
      const messages = [{ id: 'lab', default_message: error.message, args: [] }];
      sendJson(
        response,
        error.status,
        dialect === 'api'
          ? { error_type: code, messages }
          : { type: `com.vmware.vapi.std.errors.${name}`, value: { messages } },
      );
    }
  };
}

/** A refusal in the words of the interface. */
class RestError extends Error {
  readonly status: keyof typeof errors;

  constructor(status: keyof typeof errors, message: string) {
    super(message);
    this.status = status;
  }
}

function isSessionPath(path: string, dialect: RestDialect): boolean {
  return path === (dialect === 'api' ? 'session' : 'cis/session');
}

function answerSession(
  lab: LabContext,
  request: IncomingMessage,
  dialect: RestDialect,
  action: string | null,
): [status: number, value: unknown] {
  const isQuestion = request.method === 'GET' || (request.method === 'POST' && action === 'get');
  if (isQuestion || request.method === 'DELETE') {
    const session = loggedIn(lab, request);
    if (isQuestion) {
      const times = { created_time: session.loginTime, last_accessed_time: session.lastActiveTime };
      return [200, { user: session.userName, ...times }];
    }
    lab.sessions.end(session);
    return [dialect === 'api' ? 204 : 200, undefined];
  }
  const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const [, user = '', password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(basic ?? '', 'base64').toString('utf8')) ?? [];
  const session = lab.sessions.login(user, password, request.headers['user-agent'] ?? '');
  if (session === undefined) throw new RestError(401, 'Unable to authenticate user');
  return [dialect === 'api' ? 201 : 200, session.secret];
}

function loggedIn(lab: LabContext, request: IncomingMessage): LabSession {
  const cookie = /(?:^|;\s*)vmware-api-session-id=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];
  const token = request.headers['vmware-api-session-id'] ?? cookie;
  const session = lab.sessions.find(typeof token === 'string' ? token : undefined);
  if (session === undefined) throw new RestError(401, 'This method requires authentication');
  return session;
}

async function answer(
  lab: LabContext,
  session: LabSession,
  request: IncomingMessage,
  dialect: RestDialect,
  path: string,
  action: string | null,
): Promise<unknown> {
  const { collection, id } = resourceIn(path, dialect);
  const route = `${request.method ?? ''} ${collection}${id === '' ? '' : ':'}${action === null ? '' : ` ${action}`}`;
  const text = await readBody(request, 16 * 1024 * 1024);
  const found = Object.hasOwn(routes, route) ? routes[route] : undefined;
  if (found === undefined) throw new RestError(404, `There is no ${route}`);
  return found({ lab, session, dialect, id, body: parsed(text) });
}

function resourceIn(path: string, dialect: RestDialect): { collection: string; id: string } {
  const [, collection = path, last] = /^(cis\/tagging\/[a-z-]+)\/(.+)$/.exec(path) ?? [];
  if (last === undefined) return { collection, id: '' };
  if (dialect === 'api') return { collection, id: decodeURIComponent(last) };
  if (!last.startsWith('id:')) throw new RestError(404, 'A resource is named id:ID');
  return { collection, id: decodeURIComponent(last.slice('id:'.length)) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    throw new RestError(400, 'The body is not JSON');
  }
}

function categoryIn({ lab, id }: RestCall): TagCategory {
  const category = lab.tags.category(id);
  if (category === undefined) throw new RestError(404, `There is no category ${id}`);
  return category;
}

function tagIn({ lab, id }: RestCall): LabTag {
  const tag = lab.tags.tag(id);
  if (tag === undefined) throw new RestError(404, `There is no tag ${id}`);
  return tag;
}

/** The older spelling wraps what is to be made. */
function specIn({ body, dialect }: RestCall): Readonly<Record<string, unknown>> {
  return dialect === 'api' ? body : ((body['create_spec'] ?? {}) as Readonly<Record<string, unknown>>);
}

function createCategory(call: RestCall): unknown {
  const spec = specIn(call);
  const added = call.lab.tags.addCategory({
    name: textIn(spec, 'name') ?? '',
    description: textIn(spec, 'description') ?? '',
    cardinality: spec['cardinality'] === 'MULTIPLE' ? 'MULTIPLE' : 'SINGLE',
    associableTypes: (spec['associable_types'] ?? []) as readonly string[],
  });
  if (added === undefined) throw new RestError(400, 'There is a category of that name');
  return added.id;
}

function createTag(call: RestCall): unknown {
  const spec = specIn(call);
  const added = call.lab.tags.addTag({
    name: textIn(spec, 'name') ?? '',
    description: textIn(spec, 'description') ?? '',
    categoryId: textIn(spec, 'category_id') ?? '',
  });
  if (added === undefined) throw new RestError(400, 'There is a tag of that name, or no such category');
  return added.id;
}

function describeCategory({ id, name, description, cardinality, associableTypes }: TagCategory) {
  return { id, name, description, cardinality, associable_types: associableTypes, used_by: [] };
}

function describeTag({ id, name, description, categoryId }: LabTag) {
  return { id, name, description, category_id: categoryId, used_by: [] };
}

function describeObject({ type, value }: MoRef) {
  return { type, id: value };
}

function objectIn({ lab, session, body }: RestCall): MoRef {
  const [found] = visible(lab, session, [body['object_id']]);
  if (found === undefined) throw new RestError(404, 'There is no such object');
  return found;
}

function objectsIn({ lab, session, body }: RestCall): readonly MoRef[] {
  return visible(lab, session, (body['object_ids'] ?? []) as readonly unknown[]);
}

function visibleObjects({ lab, session }: RestCall, tag: LabTag): readonly MoRef[] {
  return visible(lab, session, lab.tags.objectsOf(tag).map(describeObject));
}

function visible(lab: LabContext, session: LabSession, objects: readonly unknown[]): readonly MoRef[] {
  return objects.flatMap(object => {
    const { type, id } = (object ?? {}) as { readonly type?: string; readonly id?: string };
    const found = lab.registry.find({ type: type ?? '', value: id ?? '' })?.ref;
    return found !== undefined && lab.access.sees(session.userName, found) ? [found] : [];
  });
}

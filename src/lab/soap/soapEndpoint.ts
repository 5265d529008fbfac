import type { IncomingMessage, ServerResponse } from 'node:http';

import { isManagedSubtype } from '../../core/vsphere/schema/schema.ts';
import { toWsdlOf } from '../../core/vsphere/schema/wsdl.ts';
import { requirePrivileges } from '../access/requirePrivileges.ts';
import { takeFault } from '../control.ts';
import {
  cookieIn,
  hangUpSignal,
  HttpError,
  readBody,
  sendText,
  sessionCookie,
  type RequestHandler,
} from '../http/httpAnswer.ts';
import type { LabContext } from '../labContext.ts';
import { describeSession } from '../methods/sessionMethods.ts';
import type { MethodTable } from '../methods/methodCall.ts';
import type { LabSession } from '../sessions.ts';
import { decodeRequest, operationNamed, type SoapRequest } from './decodeRequest.ts';
import { encodeFault, encodeResponse } from './encodeResponse.ts';
import { requestVersion, serviceVersions } from './requestVersion.ts';
import { notAuthenticated, toVimFault, VimFault } from './vimFault.ts';

const maxRequestBytes = 16 * 1024 * 1024;

/** What clients may call before they log in. */
const openMethods = new Set(['RetrieveServiceContent', 'Login', 'CurrentTime']);

/** Answers SOAP requests at `/sdk`. */
export function soapEndpoint(lab: LabContext, methods: MethodTable): RequestHandler {
  return async (request, response, url) => {
    if (request.method === 'GET' && url.pathname === '/sdk/vimServiceVersions.xml') {
      sendText(response, 200, 'text/xml', serviceVersions(lab.server.personality));
      return;
    }
    if (request.method === 'GET' && isWsdl(url)) {
      sendText(
        response,
        200,
        'text/xml',
        toWsdlOf(lab.server.personality.apiVersion, `https://${lab.servers.main.authority}/sdk`),
      );
      return;
    }
    if (url.pathname !== '/sdk' && url.pathname !== '/sdk/vimService') throw new HttpError(404, 'Not found');
    if (request.method !== 'POST') throw new HttpError(405, 'Only POST is answered here');
    const body = await readBody(request, maxRequestBytes);
    let operationName = '';
    let version = lab.server.personality.apiVersion;
    try {
      version = requestVersion(request.headers['soapaction'] as string | undefined, lab.server.personality);
      const decoded = decodeRequest(body, version);
      operationName = decoded.operation;
      const value = await answer(lab, methods, decoded, version, request, response);
      const { returns } = operationNamed(operationName, version);
      sendXml(response, 200, encodeResponse(operationName, returns, value, version));
    } catch (error) {
      if (response.destroyed) return;
      if (error instanceof HttpError) throw error;
      const fault = toVimFault(error);
      if (fault.type === 'SystemError') lab.logger.warn(fault.message, { operation: operationName });
      sendXml(response, 500, encodeFault(fault, version));
    }
  };
}

/** Both addresses are in use. */
function isWsdl({ pathname, search }: URL): boolean {
  return pathname === '/sdk/vimService.wsdl' || (pathname === '/sdk/vimService' && search === '?wsdl');
}

async function answer(
  lab: LabContext,
  methods: MethodTable,
  decoded: SoapRequest,
  version: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<unknown> {
  const { operation, parameters } = decoded;
  const session = lab.sessions.find(cookieIn(request, sessionCookie));
  if (session === undefined && !openMethods.has(operation)) throw notAuthenticated(decoded.self);
  const hungUp = hangUpSignal(response);
  const delayMs = lab.faults.delays[operation] ?? 0;
  if (delayMs > 0) await lab.clock.sleep(delayMs, hungUp);
  const planned = takeFault(lab.faults.methods, fault => fault.method === operation);
  if (planned !== undefined)
    throw new VimFault(
      planned.fault,
      planned.message ?? `The lab was told to fail: ${planned.fault}`,
      planned.fields,
    );
  if (lab.server.isReadOnly && changesServer(operation))
    throw new VimFault('NotSupported', 'The lab serves a saved inventory, which can only be read.');
  if (lab.faults.freeLicense && changesServer(operation))
    throw new VimFault(
      'RestrictedVersion',
      'Current license or ESXi version prohibits execution of the requested operation.',
    );
  const self = lab.registry.get(decoded.self);
  if (operation === 'Login') return login(lab, parameters, request, response);

  const method = methods[operation];
  if (method === undefined || !isManagedSubtype(self.ref.type, method.on))
    throw new VimFault('MethodNotFound', `The method ${operation} is not found on vim.${self.ref.type}.`, {
      receiver: self.ref,
      method: operation,
    });
  if (session !== undefined) requirePrivileges(lab, session.userName, operation, self, parameters);
  const signal = session === undefined ? hungUp : AbortSignal.any([hungUp, session.ended.signal]);
  const value = await method.answer({
    lab,
    session: session ?? anonymous(lab),
    version,
    self,
    parameters,
    signal,
  });
  const lateMs = lab.faults.lateAnswers[operation] ?? 0;
  if (lateMs > 0) await lab.clock.sleep(lateMs, hungUp);
  if (session?.ended.signal.aborted === true && operation !== 'Logout') throw notAuthenticated(decoded.self);
  return value;
}

function login(
  lab: LabContext,
  parameters: SoapRequest['parameters'],
  request: IncomingMessage,
  response: ServerResponse,
): unknown {
  if (lab.sessions.live().length >= (lab.faults.sessionLimit ?? Infinity))
    throw new HttpError(503, 'Service Unavailable');
  const userAgent = request.headers['user-agent'] ?? '';
  const session = lab.sessions.login(
    parameters['userName'] as string,
    parameters['password'] as string,
    userAgent,
  );
  if (session === undefined) {
    const userName = parameters['userName'] as string;
    lab.events.add({
      type: 'BadUsernameSessionEvent',
      message: `Cannot login ${userName}@127.0.0.1`,
      userName,
      fields: { ipAddress: '127.0.0.1' },
    });
    throw new VimFault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.');
  }
  lab.events.add({
    type: 'UserLoginSessionEvent',
    message: `User ${session.userName}@127.0.0.1 logged in as ${userAgent}`,
    userName: session.userName,
    fields: { ipAddress: '127.0.0.1', userAgent, locale: 'en', sessionId: session.key },
  });
  response.setHeader('Set-Cookie', `${sessionCookie}="${session.secret}"; Path=/; HttpOnly; Secure`);
  return describeSession(session);
}

/** Everything that a task does, imports, and what changes a guest; a lease to export only reads. */
function changesServer(operation: string): boolean {
  if (operation === 'CancelTask') return false;
  return /_Task$|^ImportVApp$|^UnregisterVM$|^(InitiateFileTransferTo|Move|Delete|Make|CreateTemporary|Change|Start)\w*Guest$/.test(
    operation,
  );
}

/** Stands for a client that has not logged in; the open methods do not look at it. */
function anonymous(lab: LabContext): LabSession {
  const now = lab.clock.now();
  return {
    secret: '',
    key: '',
    userName: '',
    loginTime: now,
    lastActiveTime: now,
    callCount: 0,
    userAgent: '',
    ownedObjects: new Set(),
    defaultCollector: undefined,
    unfinishedRetrievals: new Map(),
    ended: new AbortController(),
  };
}

function sendXml(response: ServerResponse, status: number, text: string): void {
  sendText(response, status, 'text/xml; charset=utf-8', text);
}

// A backend that reads documents from an HTTP API: GET {address}/secrets/PATH.
//
// It sends its requests through the host, which allows only the origins of the manifest and
// adds the credential. Its texts say what happened, and never what the server sent.

import { get } from 'secret-run:plugin/settings@0.1.0';
import { sendAll } from 'secret-run:plugin/http@0.1.0';

/// What a part of a URL keeps as it is; every other byte is written as %XX.
const PLAIN = /[A-Za-z0-9\-._~]/;

/// A failed answer, as the contract writes one inside of a list.
function failed(tag, val) {
  return { tag: 'err', val: val === undefined ? { tag } : { tag, val } };
}

function unavailable(text, retryAfterMs) {
  return failed('unavailable', { text, retryAfterMs });
}

function encode(text) {
  let encoded = '';
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte);
    encoded += PLAIN.test(character)
      ? character
      : '%' + byte.toString(16).toUpperCase().padStart(2, '0');
  }
  return encoded;
}

/// The URL of a document, or nothing if no document can have such a path. `.` and `..` would
/// be taken out of the URL on its way, and another document would be read.
function url(address, { path, version }) {
  const segments = path.split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment))) {
    return undefined;
  }
  const query = version === undefined ? '' : '?version=' + encode(version);
  return address + '/secrets/' + segments.map(encode).join('/') + query;
}

/// The first value of a header.
function header(response, name) {
  return response.headers.find((header) => header.name === name)?.value;
}

/// The seconds of `retry-after` in milliseconds. A date there is not read: the clock that it
/// is for is not lent to plugins.
function retryAfter(response) {
  const seconds = header(response, 'retry-after') ?? '';
  return /^[0-9]{1,9}$/.test(seconds) ? BigInt(seconds) * 1000n : undefined;
}

function answer(reference, response) {
  const { status } = response;
  if (status === 200) {
    const version = header(response, 'x-version');
    // A server that has no versions may answer all the same, with another document than the one
    // that was asked for.
    if (reference.version !== undefined && reference.version !== version) {
      return failed(
        'invalid-reference',
        'the server did not answer with this version',
      );
    }
    return { tag: 'ok', val: { bytes: response.body, version } };
  }
  if (status === 401) {
    return failed('unauthenticated', 'the server asks for another credential');
  }
  if (status === 403) {
    return failed('access-denied', 'the credential may not read this path');
  }
  if (status === 404) {
    return failed('not-found');
  }
  const text = `the server answered with status ${status}`;
  if (status === 429 || (status >= 500 && status <= 599)) {
    return unavailable(text, retryAfter(response));
  }
  return failed('other', text);
}

/// Why there is no response. The host's own texts may be passed on.
function noAnswer(error) {
  switch (error.tag) {
    case 'denied':
      return failed('other', `the request is not allowed: ${error.val}`);
    case 'invalid':
      return failed('other', `the request can't be sent: ${error.val}`);
    case 'unreachable':
      return unavailable(`the server can't be reached: ${error.val}`);
    case 'timeout':
      return unavailable('the server did not answer in time');
    case 'too-large':
      return failed('other', 'the document is too large');
    default:
      return unavailable(`the connection broke: ${error.val}`);
  }
}

function about() {
  return {
    summary: 'documents of an HTTP API',
    settings: [
      {
        name: 'address',
        summary: 'URL of the API, without a query',
        required: true,
      },
    ],
    origins: [
      { origin: '{address}', purpose: 'to read secrets', required: true },
    ],
  };
}

function fetch(references) {
  const address = (get('address') ?? '').replace(/\/+$/, '');
  if (address === '' || /[?#]/.test(address)) {
    const text = 'the setting `address` must be a URL without a query';
    return references.map(() => failed('other', text));
  }
  const urls = references.map((reference) => url(address, reference));
  const good = urls.filter((url) => url !== undefined);
  const request = (url) => ({
    method: 'GET',
    url,
    headers: [],
    body: new Uint8Array(),
  });
  const results = good.length > 0 ? sendAll(good.map(request)) : [];
  let next = 0;
  return urls.map((url, index) => {
    if (url === undefined) {
      const text = 'a path is made of names joined by `/`';
      return failed('invalid-reference', text);
    }
    const result = results[next++];
    return result.tag === 'ok'
      ? answer(references[index], result.val)
      : noAnswer(result.val);
  });
}

export const backend = { about, fetch };

/**
 * Ethereum: the definitions of contracts and events, and the arguments of their handlers.
 *
 * <pre>
 *   Evm.indexer(…) ──▶ EvmIndexer ──▶ LogRouter ──▶ SourceEvent
 *   the definition     a value        logs of one   decoded record and
 *                                     chain in      its handler
 * </pre>
 *
 * <p>An event is a record; its constructor is called straight from the words of a log. Logs are
 * fetched by the source of a {@link dev.millrace.evm.SourceProvider}, found by the scheme of its
 * endpoints; this module opens no connection.
 */
@NullMarked
package dev.millrace.evm;

import org.jspecify.annotations.NullMarked;

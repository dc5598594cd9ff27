/**
 * Ethereum: the definitions of contracts and events, and what their handlers are given.
 *
 * <pre>
 *   Evm.indexer(…) ──▶ EvmIndexer ──▶ LogRouter ──▶ Event of the pipeline
 *   the definition     a value        logs of one   decoded record and
 *                                     chain in      its handler
 * </pre>
 *
 * <p>An event is a record; its constructor is called straight from the words of a log. Whoever
 * fetches logs is a {@link dev.millrace.evm.SourceProvider}, found by the scheme of its endpoint;
 * nothing here opens a connection.
 */
@NullMarked
package dev.millrace.evm;

import org.jspecify.annotations.NullMarked;

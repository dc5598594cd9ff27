/**
 * The ports of the pipeline: the interfaces of sources, stores, mirrors and handlers, and the
 * values that pass through them.
 *
 * <pre>
 *   Source ──▶ Batch ──▶ EventHandler(Event, Context)
 *                          └──▶ ExecutedBatch ──▶ MirrorGroup ──▶ LaneMirror
 *                                           └───▶ CommitGroup ──▶ LaneStore
 * </pre>
 *
 * <p>Another source, of a queue for instance, is a module that knows this one and implements {@link
 * dev.millrace.pipeline.Source}. A program that embeds an indexer hands it over in place of the
 * source of a chain, as one of {@code IndexerRuntime.Connectors}; the command line runs chains.
 *
 * <p>Such a module knows ports and model only, implements {@link dev.millrace.pipeline.Source} and
 * {@link dev.millrace.pipeline.Source.Feed}, lies in a folder such as {@code runtime/kafka}, and
 * gets a row in {@code ArrowsTest} and in {@code FoldersTest}. It poses as a chain: one entry of
 * {@code Config.chains()}, whose id is the name of the lane and part of the key of every row;
 * blocks with ascending numbers and hashes of 32 bytes; a final block, which is at or above the
 * last block of each batch if the source has no reorgs. {@code SourceProvider} in module evm is for
 * sources of EVM chains only.
 *
 * <p>Nothing here runs: the lanes that drive these ports are in a module of their own, which alone
 * uses Disruptor.
 */
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;

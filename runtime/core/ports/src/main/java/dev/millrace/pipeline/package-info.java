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
 * <p>Another source, of a queue for instance, is a module that knows ports and model only. It
 * implements {@link dev.millrace.pipeline.Source}, {@link dev.millrace.pipeline.Source.Feed} and,
 * for what handles its payloads, {@link dev.millrace.pipeline.EventHandler}. A program that embeds
 * it brings an {@link dev.millrace.pipeline.Indexer} that is no {@code EvmIndexer}, and returns the
 * source from {@code IndexerRuntime.Connectors.sources()}: one source per chain of the config, in
 * the order of the config. It may delegate {@code store} and {@code mirror} to {@code
 * RuntimeWiring}, and {@code check} where each chain has an endpoint that is not of http or ws: of
 * other chains it asks the nodes. The command line runs EVM chains only.
 *
 * <p>Such a module may lie directly in {@code runtime/kafka}. It gets a {@code <module>} in {@code
 * runtime/pom.xml} and a row in {@code ArrowsTest}, in {@code FoldersTest} and in the table of
 * {@code docs/architecture.md}. The source poses as a chain: one entry of {@code Config.chains()},
 * whose id is the name of the lane and part of the key of every row; blocks with ascending numbers
 * and hashes of 32 bytes; a final block, which is at or above the last block of each batch if the
 * source has no reorgs. {@code SourceProvider} in module evm is for sources of EVM chains only.
 *
 * <p>Nothing here runs: the lanes that drive these ports are in a module of their own, which alone
 * uses Disruptor.
 */
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;

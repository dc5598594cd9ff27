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
 * source of a chain, as one of {@code IndexerRuntime.Ports}; the command line runs chains.
 *
 * <p>Nothing here runs: the lanes that drive these ports are in a module of their own, which alone
 * uses Disruptor.
 */
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;

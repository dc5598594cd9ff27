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
 * <p>Nothing here runs: the lanes that drive these ports are in a module of their own, which alone
 * uses Disruptor.
 */
@NullMarked
package dev.millrace.pipeline;

import org.jspecify.annotations.NullMarked;

package dev.millrace.pipeline;

import dev.millrace.loaders.QueryBuilder;
import dev.millrace.loaders.TriggerableJob;
import java.util.Optional;
import org.slf4j.Logger;

/**
 * The state of the world that a handler sees while it handles one event. Confined to the thread
 * that runs the handler, and valid until the handler returns: a call from another thread throws and
 * fails the event.
 *
 * <p>Handlers run one by one, but while one waits for a read, others are preloaded inside that
 * call. The handler's own state must therefore tolerate a call of any handler in the middle of a
 * read: a {@code HashMap} filled by {@code computeIfAbsent(key, context::find)} does not and throws
 * {@link java.util.ConcurrentModificationException}. Read first and put afterwards, or keep the
 * state in rows.
 */
public interface Context {
  /** Returns the row of this id as all earlier events have left it. */
  <E> Optional<E> find(Class<E> type, Object... id);

  /** Returns a row that must exist; if it does not, the event fails and the lane stops. */
  <E> E require(Class<E> type, Object... id);

  /** Selects rows by their fields, in id order unless the selection names another. */
  <E> QueryBuilder<E> query(Class<E> type);

  /** Creates or replaces the row. */
  <E> void save(E entity);

  /** Deletes the row if it exists. */
  void delete(Class<?> type, Object... id);

  /**
   * Triggers a run of a job, as part of the changes of this event: if the event survives there is
   * exactly one run, if a reorg replaces it there is none. The run starts once the block is final,
   * or as the job says otherwise ({@link dev.millrace.loaders.TriggerMoment}).
   */
  <I> void trigger(TriggerableJob<I> job, I input);

  /**
   * Calls an outside service. Within a batch an input is sent once; {@link Effect} says how long an
   * answer is kept, and what happens while a service is unavailable.
   */
  <I, O> O effect(Effect<I, O> effect, I input);

  /** A logger that is silent while the handler runs for a preload only. */
  Logger logger();
}

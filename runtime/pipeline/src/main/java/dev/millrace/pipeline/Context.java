package dev.millrace.pipeline;

import dev.millrace.loaders.Selection;
import java.util.Optional;
import org.slf4j.Logger;

/**
 * What a handler sees of the world while it handles one event. It belongs to the thread that runs
 * the handler and ends with it: used from another thread it refuses, and the event fails.
 *
 * <p>Handlers run one by one, but while one waits for a read others are rehearsed inside that call.
 * So state of a handler's own must bear a call of any handler in the middle of a read: a {@code
 * HashMap} filled by {@code computeIfAbsent(key, context::find)} does not and throws {@link
 * java.util.ConcurrentModificationException}. Read first and put afterwards, or keep it in rows.
 */
public interface Context {
  /** The row of this id, as all events before this one have left it. */
  <E> Optional<E> find(Class<E> type, Object... id);

  /** The same where the row must exist; otherwise the event fails and the lane stops. */
  <E> E require(Class<E> type, Object... id);

  /** Rows by their fields. They come in id order unless told otherwise. */
  <E> Selection<E> query(Class<E> type);

  /** Creates the row or replaces it. */
  <E> void save(E entity);

  /** Makes sure there is no such row. */
  void delete(Class<?> type, Object... id);

  /**
   * Asks the outside. Within a batch the same input is asked once; see {@link Effect} for how long
   * an answer is kept, and for what happens while a service is away.
   */
  <I, O> O effect(Effect<I, O> effect, I input);

  /** A logger that is silent while the handler runs as a rehearsal only. */
  Logger logger();
}

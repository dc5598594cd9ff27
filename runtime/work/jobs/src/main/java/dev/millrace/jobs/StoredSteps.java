package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The steps that earlier claims of a run have stored, in their order. The handler must come by them
 * in that order again. Confined to the thread of the handler.
 */
final class StoredSteps {
  private static final String READ =
      """
      SELECT number, name, kind, finished_at IS NOT NULL, type, output, open_items
        FROM step
       WHERE run = ?
       ORDER BY number
      """;

  private final Deque<Stored> ahead = new ArrayDeque<>();
  private final Set<String> used = new HashSet<>();
  private int next;

  /** A step as the table has it. */
  record Stored(
      int number,
      String name,
      RunWrite.StepKind kind,
      boolean finished,
      @Nullable String type,
      @Nullable String output,
      int openItems) {}

  static StoredSteps none() {
    return new StoredSteps();
  }

  static StoredSteps read(Connection connection, long run) throws SQLException {
    StoredSteps steps = new StoredSteps();
    try (PreparedStatement statement = connection.prepareStatement(READ)) {
      statement.setLong(1, run);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          steps.ahead.add(
              new Stored(
                  rows.getInt(1),
                  rows.getString(2),
                  RunWrite.StepKind.valueOf(rows.getString(3)),
                  rows.getBoolean(4),
                  rows.getString(5),
                  rows.getString(6),
                  rows.getInt(7)));
        }
      }
    }
    return steps;
  }

  /**
   * Returns the stored step of this name, empty if the handler has come to new ones.
   *
   * @throws MillraceException with remedy {@code FIX_HANDLER} if the name was used before, or if
   *     another step is stored in its place
   */
  Optional<Stored> enter(String name, RunWrite.StepKind kind) {
    if (!used.add(name)) {
      throw new OrderException(
          "step name is used twice in a run: step=%s; give each its own".formatted(name));
    }
    Stored stored = ahead.poll();
    if (stored == null) {
      return Optional.empty();
    }
    if (!stored.name.equals(name) || stored.kind != kind) {
      throw new OrderException(
          "steps come in another order than they were stored: number=%d stored=%s(%s) now=%s(%s); raise the job's version when its steps change"
              .formatted(stored.number, stored.name, stored.kind, name, kind));
    }
    next = stored.number + 1;
    return Optional.of(stored);
  }

  /** Draws the number of a new step. */
  int number() {
    return next++;
  }

  /** A mistake in the order of steps: every attempt would end with it. */
  static final class OrderException extends MillraceException {
    private static final long serialVersionUID = 1L;

    OrderException(String message) {
      super(Remedy.FIX_HANDLER, message);
    }
  }
}

package dev.millrace.jobs;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.postgres.client.PostgresErrors;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a run that touch other rows than its own: items, triggers, signals. Each is one
 * transaction, fenced by the claim. Confined to the thread of the handler.
 */
final class FanOut {
  static final int MAX_ITEMS = 100_000;

  private static final String OWN =
      """
      SELECT cancel_at IS NOT NULL FROM run
       WHERE id = ? AND token = ? AND state = 'RUNNING'
         FOR NO KEY UPDATE
      """;

  private static final String STEP =
      """
      INSERT INTO step (run, number, name, kind, token, finished_at, output, open_items)
      VALUES (?, ?, ?, ?, ?, CASE WHEN ? THEN clock_timestamp() END, ?::jsonb, ?)
      """;

  private static final String FINISH_SLEEP =
      """
      UPDATE step SET finished_at = clock_timestamp()
       WHERE run = ? AND name = ? AND (wake_at <= clock_timestamp() OR finished_at IS NOT NULL)
      """;

  private static final String TAKE_SIGNAL =
      """
      DELETE FROM signal
       WHERE id = (SELECT min(id) FROM signal WHERE run = ? AND name = ?)
      RETURNING payload
      """;

  private static final String FINISH_SIGNAL =
      """
      UPDATE step SET finished_at = clock_timestamp(), output = ?::jsonb
       WHERE run = ? AND name = ? AND finished_at IS NULL AND (? OR wake_at <= clock_timestamp())
      """;

  private static final String OUTCOMES =
      """
      SELECT item_key, state, output, error ->> 'message'
        FROM run
       WHERE parent = ? AND parent_step = ?
       ORDER BY id
      """;

  private final ClaimedRun claim;
  private final ExecutionServices services;

  /** The payload of a signal; null after the time-out. */
  record Received(@Nullable String payload) {}

  private record Owned<T extends @Nullable Object>(RunWrite.Durability fate, @Nullable T value) {}

  FanOut(ClaimedRun claim, ExecutionServices services) {
    this.claim = claim;
    this.services = services;
  }

  /** Runs a transaction that counts only if the claim does. */
  @SuppressWarnings("NullAway") // settle has thrown unless the work has run
  private <T extends @Nullable Object> T owned(
      Consumer<RunWrite.Durability> settle, JobTransactions.Work<T> work) {
    try (JobTransactions transactions =
        new JobTransactions(services.pool()::getConnection, "step of a run", () -> false)) {
      Owned<T> owned =
          transactions.run(connection -> {
            RunWrite.Durability fate = lock(connection);
            return new Owned<>(
                fate, fate == RunWrite.Durability.DURABLE ? work.run(connection) : null);
          });
      settle.accept(owned.fate);
      return owned.value;
    }
  }

  private RunWrite.Durability lock(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(OWN)) {
      statement.setLong(1, claim.id());
      statement.setLong(2, claim.token());
      try (ResultSet row = statement.executeQuery()) {
        if (!row.next()) {
          return RunWrite.Durability.LOST;
        }
        return row.getBoolean(1) ? RunWrite.Durability.CANCELED : RunWrite.Durability.DURABLE;
      }
    }
  }

  /** Runs a body and stores its result in one transaction. */
  <T extends @Nullable Object> T transaction(
      String name,
      int number,
      JobContext.TransactionBody<T> body,
      Consumer<RunWrite.Durability> settle)
      throws Exception {
    try {
      return owned(
          settle,
          connection -> {
            T value = call(body, connection);
            String what = "result of step " + name;
            insertResult(
                connection,
                name,
                number,
                StoredType.of(value, what),
                services.secrets().refuse(JobJson.encode(value, what), what));
            return value;
          });
    } catch (BodyException failed) {
      throw failed.reason;
    }
  }

  private static <T extends @Nullable Object> T call(
      JobContext.TransactionBody<T> body, Connection connection) throws SQLException {
    try {
      return body.run(connection);
    } catch (SQLException | RuntimeException failed) {
      throw failed;
    } catch (Exception failed) {
      throw new BodyException(failed);
    }
  }

  /** Carries an exception of a body through a transaction, which it ends. */
  private static final class BodyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Exception reason;

    private BodyException(Exception reason) {
      super(reason);
      this.reason = reason;
    }
  }

  private void insertResult(
      Connection connection, String name, int number, String type, String output)
      throws SQLException {
    RunWrite.Step step =
        new RunWrite.Step(
            claim.id(),
            claim.token(),
            new RunWrite.StepRecord(
                number, name, RunWrite.StepKind.STEP, true, type, output, null));
    RunWriteStatements.insertSteps(connection, List.of(step));
    RunWriteStatements.insert(connection, List.of(RunWriteStatements.eventOf(step)));
  }

  /** Inserts the items and the step that waits for them. */
  <T, I, O> void begin(
      String name,
      int number,
      Collection<T> elements,
      Function<? super T, String> key,
      Function<? super T, I> input,
      Job<I, O> job,
      Consumer<RunWrite.Durability> settle) {
    if (elements.size() > MAX_ITEMS) {
      throw new MillraceException(
          Remedy.FIX_HANDLER,
          "too many items in one step: step=%s items=%d most=%d"
              .formatted(name, elements.size(), MAX_ITEMS));
    }
    List<NewRun> items = new ArrayList<>(elements.size());
    Set<String> keys = new HashSet<>();
    for (T element : elements) {
      String itemKey = key.apply(element);
      if (!keys.add(itemKey)) {
        throw new MillraceException(
            Remedy.FIX_HANDLER, "two items have one key: step=%s key=%s".formatted(name, itemKey));
      }
      items.add(
          NewRun.item(
              job, input.apply(element), new NewRun.Origin(claim.id(), name, itemKey, null)));
    }
    owned(
        settle,
        connection -> {
          insert(
              connection,
              name,
              number,
              RunWrite.StepKind.ITEMS,
              items.isEmpty(),
              null,
              items.size());
          return services.triggers().trigger(connection, services.channel(), items).size();
        });
  }

  private void insert(
      Connection connection,
      String name,
      int number,
      RunWrite.StepKind kind,
      boolean finished,
      @Nullable String output,
      int openItems)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(STEP)) {
      statement.setLong(1, claim.id());
      statement.setInt(2, number);
      statement.setString(3, name);
      statement.setString(4, kind.name());
      statement.setLong(5, claim.token());
      statement.setBoolean(6, finished);
      statement.setString(7, output);
      statement.setInt(8, openItems);
      statement.executeUpdate();
    }
  }

  TriggeredRun trigger(String name, int number, NewRun run, Consumer<RunWrite.Durability> settle) {
    return owned(
        settle,
        connection -> {
          TriggeredRun triggered =
              services.triggers().trigger(connection, services.channel(), List.of(run)).getFirst();
          insert(
              connection,
              name,
              number,
              RunWrite.StepKind.TRIGGER,
              true,
              JobJson.encode(triggered, "trigger"),
              0);
          return triggered;
        });
  }

  static TriggeredRun triggered(StoredSteps.Stored stored) {
    String output = stored.output();
    return JobJson.decode(
        output == null ? "null" : output, TriggeredRun.class, "trigger " + stored.name());
  }

  /** Marks a sleep as over, if its time has come by the database's clock. */
  boolean finishSleep(String name) {
    try (JobTransactions transactions =
        new JobTransactions(services.pool()::getConnection, "end of a sleep", () -> false)) {
      return transactions.run(connection -> {
        try (PreparedStatement statement = connection.prepareStatement(FINISH_SLEEP)) {
          statement.setLong(1, claim.id());
          statement.setString(2, name);
          return statement.executeUpdate() > 0;
        }
      });
    }
  }

  /** Takes a signal that has come, or the time-out that has passed; empty if neither is there. */
  Optional<Received> receive(String name, Consumer<RunWrite.Durability> settle) {
    return owned(settle, connection -> receive(connection, name));
  }

  private Optional<Received> receive(Connection connection, String name) throws SQLException {
    String payload = null;
    boolean received = false;
    try (PreparedStatement statement = connection.prepareStatement(TAKE_SIGNAL)) {
      statement.setLong(1, claim.id());
      statement.setString(2, name);
      try (ResultSet row = statement.executeQuery()) {
        if (row.next()) {
          received = true;
          payload = row.getString(1);
        }
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(FINISH_SIGNAL)) {
      statement.setString(1, payload);
      statement.setLong(2, claim.id());
      statement.setString(3, name);
      statement.setBoolean(4, received);
      return statement.executeUpdate() > 0 ? Optional.of(new Received(payload)) : Optional.empty();
    }
  }

  /** Reads the outcomes of all items of a step. */
  <O> Items<O> outcomes(String name, Job<?, O> job) {
    Map<String, O> succeeded = new LinkedHashMap<>();
    Map<String, String> failed = new LinkedHashMap<>();
    try (Connection connection = services.pool().getConnection();
        PreparedStatement statement = connection.prepareStatement(OUTCOMES)) {
      statement.setLong(1, claim.id());
      statement.setString(2, name);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          String key = rows.getString(1);
          if (RunState.valueOf(rows.getString(2)) == RunState.SUCCEEDED) {
            succeeded.put(
                key, JobJson.decode(rows.getString(3), job.outputType(), "output of item " + key));
          } else {
            String message = rows.getString(4);
            failed.put(key, message == null ? "canceled" : message);
          }
        }
      }
    } catch (SQLException failure) {
      throw PostgresErrors.translate("reading the items of a run", failure);
    }
    return new Items<>(succeeded, failed);
  }
}

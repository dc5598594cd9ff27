package dev.millrace.postgres;

import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.CommitGroup;
import dev.millrace.pipeline.SourceEvent;
import dev.millrace.postgres.client.PostgresErrors;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.ServerErrorMessage;

/** Finds the row, the handler and the event behind an error of PostgreSQL. */
final class CommitErrorContext {
  private static final String UNIQUE = "23505";
  // In the language of the server's messages: "COPY t, line 3, column c", "COPY t, Zeile 3".
  private static final Pattern COPY_LINE = Pattern.compile("COPY .*?, \\D*(\\d+)");

  private final CommitGroup group;
  private @Nullable Rows<?> rows;

  /** The rows being sent, in the order of their lines. */
  private record Rows<T>(EntityType<?> type, List<T> sent, Function<T, Object> idOf) {
    Object id(int line) {
      return idOf.apply(sent.get(line));
    }
  }

  CommitErrorContext(CommitGroup group) {
    this.group = group;
  }

  <E> void sending(EntityType<E> type, List<E> sent) {
    rows = new Rows<>(type, sent, type::id);
  }

  /** Records rows that are sent as ids, as in the undo log. */
  void sendingIds(EntityType<?> type, List<Object> ids) {
    rows = new Rows<>(type, ids, Function.identity());
  }

  /** Translates the error; names the culprit if the error points to a row. */
  MillraceException explain(Throwable thrown) {
    MillraceException plain = PostgresErrors.translate("commit", thrown);
    SQLException sql = PostgresErrors.sql(thrown);
    Rows<?> known = rows;
    if (plain.remedy() != Remedy.FIX_HANDLER || known == null) {
      return plain;
    }
    int line = sql == null ? -1 : line(sql);
    if (line < 0 || line >= known.sent.size()) {
      return new MillraceException(
          plain.remedy(), "%s table=%s".formatted(plain.getMessage(), known.type.table()), thrown);
    }
    Object id = known.id(line);
    String rule =
        sql != null && PostgresErrors.state(sql).equals(UNIQUE)
            ? duplicate(known, line, id)
            : String.valueOf(plain.getMessage());
    return new MillraceException(
        plain.remedy(),
        "%s table=%s key=%s %s".formatted(rule, known.type.table(), id, event(known.type, id)),
        thrown);
  }

  private static String duplicate(Rows<?> known, int line, Object id) {
    for (int i = 0; i < known.sent.size(); i++) {
      if (i != line && known.id(i).equals(id)) {
        return "row is saved twice:";
      }
    }
    return "row exists already:";
  }

  private String event(EntityType<?> type, Object id) {
    Optional<SourceEvent> culprit = group.eventThatChanged(type, id);
    return culprit.map(SourceEvent::describe).orElse("event=unknown");
  }

  /** Returns the COPY line in the error's context, counted from zero; -1 if there is none. */
  private static int line(SQLException thrown) {
    ServerErrorMessage server = PostgresErrors.server(thrown);
    String where = server == null ? null : server.getWhere();
    return where == null ? -1 : line(where);
  }

  static int line(String where) {
    Matcher matcher = COPY_LINE.matcher(where);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) - 1 : -1;
  }
}

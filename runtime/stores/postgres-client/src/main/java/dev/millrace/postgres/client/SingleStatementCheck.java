package dev.millrace.postgres.client;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.sql.SQLException;
import org.postgresql.core.Parser;

/** Refuses text with more than one SQL statement, as the driver would split it. */
public final class SingleStatementCheck {
  private SingleStatementCheck() {}

  /**
   * Returns the text if it is one statement: a second one could end a transaction that is
   * read-only, and write in the next.
   */
  public static String of(String sql) {
    try {
      int statements = Parser.parseJdbcSql(sql, true, false, true, false, false).size();
      if (statements != 1) {
        throw new MillraceException(
            Remedy.FIX_SETUP, "one statement is run at a time: statements=" + statements);
      }
      return sql;
    } catch (SQLException unreadable) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "query was refused: " + unreadable.getMessage(), unreadable);
    }
  }
}

package dev.millrace.postgres;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** Finds triggers, rules, grants and others that could write to our tables behind our back. */
final class ForeignTriggerCheck {
  private static final String FIND =
      """
      WITH ours AS (
        SELECT c.oid, c.relname, c.relacl, c.relowner, c.relrowsecurity FROM pg_class c
         WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = :name)
           AND c.relkind IN ('r', 'p'))
      SELECT 'trigger ' || t.tgname || ' on ' || o.relname
        FROM pg_trigger t JOIN ours o ON o.oid = t.tgrelid WHERE NOT t.tgisinternal
      UNION ALL
      SELECT 'rule ' || r.rulename || ' on ' || o.relname
        FROM pg_rewrite r JOIN ours o ON o.oid = r.ev_class
      UNION ALL
      SELECT 'foreign key ' || f.conname || ' on ' || o.relname
        FROM pg_constraint f JOIN ours o ON o.oid IN (f.conrelid, f.confrelid)
       WHERE f.contype = 'f'
      UNION ALL
      SELECT 'row security on ' || relname FROM ours WHERE relrowsecurity
      UNION ALL
      SELECT DISTINCT 'right to write for '
             || CASE a.grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(a.grantee) END
             || ' on ' || o.relname
        FROM ours o CROSS JOIN LATERAL aclexplode(o.relacl) a
       WHERE a.grantee NOT IN (o.relowner, (SELECT oid FROM pg_roles WHERE rolname = current_user))
         AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
      UNION ALL
      SELECT 'subscription to ' || o.relname
        FROM pg_subscription_rel s JOIN ours o ON o.oid = s.srrelid
       ORDER BY 1
      """;

  private final Handle handle;
  private final String schema;

  ForeignTriggerCheck(Handle handle, String schema) {
    this.handle = handle;
    this.schema = schema;
  }

  List<String> find() {
    return handle.createQuery(FIND).bind("name", schema).mapTo(String.class).list();
  }
}

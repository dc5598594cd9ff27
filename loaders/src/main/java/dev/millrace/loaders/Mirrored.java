package dev.millrace.loaders;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How an entity lies in ClickHouse, where the defaults will not do. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Mirrored {
  Versions versions() default Versions.EVERY;

  /**
   * Components by which rows are sorted, before the id. For immutable entities, whose views are
   * filters: a query by one of these then reads only what it needs.
   */
  String[] order() default {};

  /** An expression of ClickHouse over columns, such as {@code toYYYYMM(time)}. */
  String partition() default "";

  /**
   * An expression of ClickHouse after which a row goes, such as {@code time + INTERVAL 90 DAY}. For
   * immutable entities; {@code verify} does not compare them then.
   */
  String ttl() default "";
}

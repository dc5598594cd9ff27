/** The comparison of a mirror with PostgreSQL, and the rebuild of a mirror from it. */
@NullMarked
package dev.millrace.verify;

import org.jspecify.annotations.NullMarked;

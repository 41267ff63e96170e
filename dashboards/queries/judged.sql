-- How far analytics is behind the end of the range.
SELECT if(count() = 0, 0, greatest(0, dateDiff('second', argMax(judged, version), $__toTime))) AS behind
FROM progress
WHERE tenant = ${tenant:singlequote}

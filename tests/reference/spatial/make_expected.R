# Rscript make_expected.R columbus.shp sids2.shp   (R 4.2.2, spdep 1.2-7, sf 1.0-9): writes expected.csv beside it.
# Both shapefiles ship inside libpysal (libpysal.examples.get_path); contiguity is spdep's own.
suppressMessages({library(spdep); library(sf)})
paths <- commandArgs(trailingOnly = TRUE)
out <- list()
put <- function(key, value) out[[length(out) + 1]] <<-
  data.frame(key = key, place = seq_along(value), value = as.numeric(value))
columbus <- st_read(paths[1], quiet = TRUE); sids <- st_read(paths[2], quiet = TRUE)
st_crs(columbus) <- NA; st_crs(sids) <- NA
queen <- poly2nb(columbus, queen = TRUE); rook <- poly2nb(columbus, queen = FALSE)
W <- nb2listw(queen, style = "W"); B <- nb2listw(queen, style = "B"); R <- nb2listw(rook, style = "W")
crime <- columbus$CRIME; income <- columbus$INC

for (style in c("W", "B")) for (random in c(TRUE, FALSE)) {
  w <- list(W = W, B = B)[[style]]; name <- paste(style, if (random) "randomisation" else "normal", sep = ".")
  m <- moran.test(crime, w, randomisation = random); put(paste0("moran.", name), c(m$estimate, m$statistic, m$p.value))
  g <- geary.test(crime, w, randomisation = random); put(paste0("geary.", name), c(g$estimate, g$statistic, g$p.value))
}
g <- globalG.test(crime, B); put("general_g", c(g$estimate, g$statistic, g$p.value))
lee <- lee.test(crime, income, W); put("lee", c(lee$estimate, lee$statistic, lee$p.value))
lee <- lee.test(crime, income, R, alternative = "less"); put("lee.rook", c(lee$estimate, lee$statistic, lee$p.value))
for (side in c("two.sided", "greater", "less")) {
  m <- localmoran(crime, W, alternative = side, conditional = TRUE)
  put(paste0("localmoran.p.", side), m[, 5])
}
put("localmoran", m[, 1]); put("localmoran.expected", m[, 2])
put("localmoran.variance", m[, 3]); put("localmoran.z", m[, 4])
put("localmoran.esda", localmoran(crime, W, mlvar = FALSE)[, 1])
put("gi.W", localG(crime, W)); put("gi.B", localG(crime, B))
own <- include.self(queen)
put("gistar.W", localG(crime, nb2listw(own, style = "W"))); put("gistar.B", localG(crime, nb2listw(own, style = "B")))
put("localc", localC(crime, W)); put("localc.B", localC(crime, B))
put("localc.multivariate", localC(list(crime, income, columbus$HOVAL), W))
losh <- LOSH.cs(crime, W)
put("losh", losh[, "Hi"]); put("losh.variance", losh[, "Var.Hi"]); put("losh.statistic", losh[, "Z.Hi"])
put("losh.p", losh[, "Pr()"])
high <- factor(ifelse(crime > 35, "high", "low"))
for (sampling in c("nonfree", "free")) {
  counts <- joincount.test(high, B, sampling = sampling)
  for (one in counts) put(paste0("joincount.", sampling, ".", sub("Std. deviate for ", "", names(one$statistic))),
    c(one$estimate, one$statistic, one$p.value))
}
multi <- joincount.multi(cut(crime, c(0, 20, 40, 100), labels = c("a", "b", "c")), B)
put("joincount.multi.joins", multi[, 1]); put("joincount.multi.expected", multi[, 2])
put("joincount.multi.variance", multi[, 3]); put("joincount.multi.z", multi[, 4])

county <- poly2nb(sids, queen = TRUE); S <- nb2listw(county, style = "W")
put("ebest", EBest(sids$SID74, sids$BIR74)$estmm)
put("eblocal", EBlocal(sids$SID74, sids$BIR74, county, geoda = TRUE)$est)
put("ebmoran", EBImoran.mc(sids$SID74, sids$BIR74, S, nsim = 9)$statistic[1])
rate <- sids$SID74 / sids$BIR74
map <- probmap(sids$SID74, sids$BIR74); put("probmap.expected", map$expCount); put("probmap.risk", map$relRisk / 100)
put("rate.moran", unlist(moran.test(rate, S)[c("estimate", "statistic", "p.value")]))
put("rate.localmoran.z", localmoran(rate, S)[, 4])
put("queen.links", sum(card(queen))); put("rook.links", sum(card(rook))); put("county.links", sum(card(county)))
write.csv(do.call(rbind, out), "expected.csv", row.names = FALSE)

# Rscript make_api.R   (R 4.2.2, survey 4.1-1): writes api.csv and api_expected.csv
# The Academic Performance Index of California's schools in 2000 (California Department of Education), as the
# package's documentation samples it: help pages svydesign, surveysummary, svyratio, svyby, svyciprop, svyquantile.
suppressMessages(library(survey))
data(api)
out <- data.frame(key = character(), value = numeric())
put <- function(key, value) for (i in seq_along(value))
  out[nrow(out) + 1, ] <<- list(if (length(value) > 1) paste0(key, ".", i) else key, as.numeric(value)[i])
apisrs$fpc1 <- apisrs$fpc; apistrat$fpc1 <- apistrat$fpc; apiclus1$fpc1 <- apiclus1$fpc
apiclus2$fpc2 <- as.numeric(apiclus2$fpc2)
samples <- list(srs = apisrs, strat = apistrat, clus1 = apiclus1, clus2 = apiclus2)
columns <- c("stype", "dnum", "snum", "api00", "enroll", "api.stu", "meals", "ell", "pw", "fpc1", "fpc2")
write.csv(do.call(rbind, lapply(names(samples), function(n) {
  d <- samples[[n]]
  if (is.null(d$fpc2)) d$fpc2 <- NA
  data.frame(sample = n, d[, columns])
})), "api.csv", row.names = FALSE, quote = FALSE, na = "")
lacks <- function(d) {
  d$i1 <- as.numeric(d$api00 < 600); d$i2 <- as.numeric(d$meals > 50); d$i3 <- as.numeric(d$ell > 20)
  score <- 0.5 * d$i1 + 0.3 * d$i2 + 0.2 * d$i3
  d$poor <- as.numeric(score >= 0.5 - 1e-9); d$depth <- d$poor * score; d$part <- d$poor * d$i2 * 0.3
  d$count <- d$i1 + d$i2 + d$i3; d$two <- as.numeric(d$count >= 2); d$held <- d$two * d$count
  d$g <- ifelse(d$i1 == 1, (600 - d$api00) / 600, 0); d$gap <- d$poor * 0.5 * d$g; d$gap2 <- d$poor * 0.5 * d$g^2
  d$one <- 1; d$high <- as.numeric(d$stype == "H"); d$high_depth <- d$high * d$depth
  d
}
designs <- list(
  srs = svydesign(id = ~1, fpc = ~fpc1, data = lacks(apisrs)),
  strat = svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc1, data = lacks(apistrat)),
  clus1 = svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc1, data = lacks(apiclus1)),
  clus2 = svydesign(id = ~dnum + snum, fpc = ~fpc1 + fpc2, data = lacks(apiclus2)),
  clus2wr = svydesign(id = ~dnum + snum, weights = ~pw, data = lacks(apiclus2)))
for (name in names(designs)) {
  s <- designs[[name]]
  key <- function(k) paste0(name, ".", k)
  m <- svymean(~api00, s, deff = TRUE); put(key("mean"), c(coef(m), SE(m), deff(m), degf(s)))
  put(key("ci"), confint(m, df = degf(s)))
  t <- svytotal(~enroll, s, na.rm = TRUE, deff = TRUE); put(key("total"), c(coef(t), SE(t), deff(t)))
  r <- svyratio(~api.stu, ~enroll, s, na.rm = TRUE); put(key("ratio"), c(coef(r), SE(r)))
  b <- svyby(~api00, ~stype, s, svymean); put(key("by"), c(coef(b), SE(b)))
  q <- svyquantile(~api00, s, c(.25, .5, .75))
  put(key("quantile"), q$api00[, c("quantile", "ci.2.5", "ci.97.5", "se")])
  for (v in c("i3", "poor")) for (method in c("beta", "xlogit")) {
    p <- svyciprop(as.formula(paste0("~", v)), s, method = method)
    put(key(paste0(v, ".", method)), c(coef(p), sqrt(attr(p, "var")), confint(p)))
  }
  mean_of <- function(v, by = NULL) {
    m <- if (is.null(by)) svymean(v, s) else svyby(v, by, s, svymean)
    c(coef(m), SE(m))
  }
  ratio_of <- function(a, b) { r <- svyratio(a, b, s); c(coef(r), SE(r)) }
  put(key("headcount"), mean_of(~poor)); put(key("adjusted"), mean_of(~depth))
  put(key("headcount.by"), mean_of(~poor, ~stype)); put(key("adjusted.by"), mean_of(~depth, ~stype))
  put(key("intensity"), ratio_of(~depth, ~poor)); put(key("contribution"), ratio_of(~part, ~depth))
  put(key("m1"), mean_of(~gap)); put(key("m2"), mean_of(~gap2))
  put(key("two"), mean_of(~two)); put(key("severity"), ratio_of(~held, ~two))
  put(key("share_of_group"), ratio_of(~high, ~one))
  put(key("part_of_group"), ratio_of(~high_depth, ~depth))
  z <- svytotal(~high_depth + depth + high + one, s)
  r <- svycontrast(z, quote((high_depth / depth) / (high / one))); put(key("relative"), c(coef(r), SE(r)))
}
j <- as.svrepdesign(designs$clus1); m <- svymean(~api00, j); put("jackknife.clus1", c(coef(m), SE(m)))
m <- svymean(~i3, j); put("jackknife.share", c(coef(m), SE(m)))
m <- svyratio(~api.stu, ~enroll, j); put("jackknife.ratio", c(coef(m), SE(m)))
b <- svyby(~api00, ~stype, j, svymean, covmat = TRUE)
m <- svycontrast(b, c(E = 1, H = -1, M = 0)); put("jackknife.difference", c(coef(m), SE(m)))
m <- svyquantile(~api00, j, c(.25, .5))
put("jackknife.quantile", m$api00)
write.csv(out, "api_expected.csv", row.names = FALSE, quote = FALSE)
